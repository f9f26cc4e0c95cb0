// Original file: holdfast/files/v1/file_service.proto


export interface FetchFileRequest {
  'deployment'?: (string);
  'snapshotId'?: (string);
  'root'?: (string);
  'path'?: (string);
}

export interface FetchFileRequest__Output {
  'deployment': (string);
  'snapshotId': (string);
  'root': (string);
  'path': (string);
}
