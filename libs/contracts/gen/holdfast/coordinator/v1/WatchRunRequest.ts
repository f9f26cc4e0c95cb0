// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface WatchRunRequest {
  'runId'?: (string);
  'afterSequence'?: (number);
}

export interface WatchRunRequest__Output {
  'runId': (string);
  'afterSequence': (number);
}
