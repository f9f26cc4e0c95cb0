// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartPruneRequest {
  'deployment'?: (string);
  'requestId'?: (string);
}

export interface StartPruneRequest__Output {
  'deployment': (string);
  'requestId': (string);
}
