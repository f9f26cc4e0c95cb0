// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GetCoverageRequest {
  'deployment'?: (string);
  'backupId'?: (string);
}

export interface GetCoverageRequest__Output {
  'deployment': (string);
  'backupId': (string);
}
