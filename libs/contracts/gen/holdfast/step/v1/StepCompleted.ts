// Original file: holdfast/step/v1/step.proto


export interface StepCompleted {
  'runId'?: (string);
  'deployment'?: (string);
  'service'?: (string);
  'step'?: (string);
  'attempt'?: (number);
}

export interface StepCompleted__Output {
  'runId': (string);
  'deployment': (string);
  'service': (string);
  'step': (string);
  'attempt': (number);
}
