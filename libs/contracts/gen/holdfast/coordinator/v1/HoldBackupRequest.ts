// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface HoldBackupRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'reason'?: (string);
}

export interface HoldBackupRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'reason': (string);
}
