// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GetRunRequest {
  'runId'?: (string);
}

export interface GetRunRequest__Output {
  'runId': (string);
}
