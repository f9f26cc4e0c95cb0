// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface LiftHoldRequest {
  'deployment'?: (string);
  'backupId'?: (string);
}

export interface LiftHoldRequest__Output {
  'deployment': (string);
  'backupId': (string);
}
