// Original file: holdfast/database/v1/database_service.proto


export interface DescribeSnapshotRequest {
  'deployment'?: (string);
  'snapshotId'?: (string);
}

export interface DescribeSnapshotRequest__Output {
  'deployment': (string);
  'snapshotId': (string);
}
