// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface ReadLogRequest {
  'deployment'?: (string);
  'from'?: (string);
  'to'?: (string);
}

export interface ReadLogRequest__Output {
  'deployment': (string);
  'from': (string);
  'to': (string);
}
