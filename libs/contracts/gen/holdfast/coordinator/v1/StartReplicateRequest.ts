// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartReplicateRequest {
  'deployment'?: (string);
  'requestId'?: (string);
}

export interface StartReplicateRequest__Output {
  'deployment': (string);
  'requestId': (string);
}
