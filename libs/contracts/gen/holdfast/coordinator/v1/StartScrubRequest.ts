// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartScrubRequest {
  'deployment'?: (string);
  'requestId'?: (string);
  'all'?: (boolean);
}

export interface StartScrubRequest__Output {
  'deployment': (string);
  'requestId': (string);
  'all': (boolean);
}
