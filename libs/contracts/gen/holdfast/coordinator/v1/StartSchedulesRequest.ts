// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartSchedulesRequest {
  'deployment'?: (string);
  'requestId'?: (string);
}

export interface StartSchedulesRequest__Output {
  'deployment': (string);
  'requestId': (string);
}
