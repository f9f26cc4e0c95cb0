// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface FindTriggerRequest {
  'deployment'?: (string);
  'source'?: (string);
  'id'?: (string);
}

export interface FindTriggerRequest__Output {
  'deployment': (string);
  'source': (string);
  'id': (string);
}
