// Original file: holdfast/step/v1/step.proto


export interface CancelAsked {
  'runId'?: (string);
}

export interface CancelAsked__Output {
  'runId': (string);
}
