// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface Step {
  'name'?: (string);
  'service'?: (string);
  'state'?: (string);
  'attempt'?: (number);
  'startedAt'?: (string);
  'finishedAt'?: (string);
}

export interface Step__Output {
  'name': (string);
  'service': (string);
  'state': (string);
  'attempt': (number);
  'startedAt': (string);
  'finishedAt': (string);
}
