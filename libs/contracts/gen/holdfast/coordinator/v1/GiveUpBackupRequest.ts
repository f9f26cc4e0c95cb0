// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GiveUpBackupRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'reason'?: (string);
}

export interface GiveUpBackupRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'reason': (string);
}
