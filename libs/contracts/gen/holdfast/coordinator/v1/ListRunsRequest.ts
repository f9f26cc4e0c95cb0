// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface ListRunsRequest {
  'deployment'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListRunsRequest__Output {
  'deployment': (string);
  'pageSize': (number);
  'pageToken': (string);
}
