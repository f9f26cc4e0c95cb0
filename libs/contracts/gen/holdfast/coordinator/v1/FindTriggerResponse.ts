// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface FindTriggerResponse {
  'state'?: (string);
  'runId'?: (string);
  'dueAt'?: (string);
}

export interface FindTriggerResponse__Output {
  'state': (string);
  'runId': (string);
  'dueAt': (string);
}
