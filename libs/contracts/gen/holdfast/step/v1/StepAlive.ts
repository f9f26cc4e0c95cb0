// Original file: holdfast/step/v1/step.proto


export interface StepAlive {
  'runId'?: (string);
  'step'?: (string);
  'attempt'?: (number);
  'service'?: (string);
  'site'?: (string);
}

export interface StepAlive__Output {
  'runId': (string);
  'step': (string);
  'attempt': (number);
  'service': (string);
  'site': (string);
}
