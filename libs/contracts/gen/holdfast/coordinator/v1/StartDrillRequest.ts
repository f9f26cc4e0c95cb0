// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartDrillRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'requestId'?: (string);
}

export interface StartDrillRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'requestId': (string);
}
