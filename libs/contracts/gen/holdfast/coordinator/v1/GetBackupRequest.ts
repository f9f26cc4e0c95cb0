// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GetBackupRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'components'?: (string)[];
}

export interface GetBackupRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'components': (string)[];
}
