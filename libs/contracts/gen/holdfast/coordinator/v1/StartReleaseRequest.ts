// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartReleaseRequest {
  'deployment'?: (string);
  'requestId'?: (string);
}

export interface StartReleaseRequest__Output {
  'deployment': (string);
  'requestId': (string);
}
