// Original file: holdfast/step/v1/step.proto


export interface StepCommand {
  'runId'?: (string);
  'deployment'?: (string);
  'specVersion'?: (number);
  'service'?: (string);
  'site'?: (string);
  'step'?: (string);
  'attempt'?: (number);
  'epoch'?: (number);
  'verb'?: (string);
  'requestJson'?: (string);
  'principal'?: (string);
  'relocationJson'?: (string);
}

export interface StepCommand__Output {
  'runId': (string);
  'deployment': (string);
  'specVersion': (number);
  'service': (string);
  'site': (string);
  'step': (string);
  'attempt': (number);
  'epoch': (number);
  'verb': (string);
  'requestJson': (string);
  'principal': (string);
  'relocationJson': (string);
}
