// Original file: holdfast/step/v1/step.proto


export interface RunFinished {
  'runId'?: (string);
  'deployment'?: (string);
  'kind'?: (string);
  'outcome'?: (string);
}

export interface RunFinished__Output {
  'runId': (string);
  'deployment': (string);
  'kind': (string);
  'outcome': (string);
}
