// Original file: holdfast/files/v1/file_service.proto


export interface ListFilesRequest {
  'deployment'?: (string);
  'snapshotId'?: (string);
  'nameContains'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListFilesRequest__Output {
  'deployment': (string);
  'snapshotId': (string);
  'nameContains': (string);
  'pageSize': (number);
  'pageToken': (string);
}
