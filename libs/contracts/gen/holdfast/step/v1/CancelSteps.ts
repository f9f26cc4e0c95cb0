// Original file: holdfast/step/v1/step.proto


export interface CancelSteps {
  'runId'?: (string);
}

export interface CancelSteps__Output {
  'runId': (string);
}
