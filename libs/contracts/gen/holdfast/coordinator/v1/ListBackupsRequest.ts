// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface ListBackupsRequest {
  'deployment'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListBackupsRequest__Output {
  'deployment': (string);
  'pageSize': (number);
  'pageToken': (string);
}
