// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface CancelRunRequest {
  'runId'?: (string);
}

export interface CancelRunRequest__Output {
  'runId': (string);
}
