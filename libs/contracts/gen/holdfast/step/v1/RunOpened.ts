// Original file: holdfast/step/v1/step.proto


export interface RunOpened {
  'runId'?: (string);
  'deployment'?: (string);
  'kind'?: (string);
}

export interface RunOpened__Output {
  'runId': (string);
  'deployment': (string);
  'kind': (string);
}
