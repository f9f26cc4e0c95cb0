// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartRollbackRequest {
  'deployment'?: (string);
  'requestId'?: (string);
}

export interface StartRollbackRequest__Output {
  'deployment': (string);
  'requestId': (string);
}
