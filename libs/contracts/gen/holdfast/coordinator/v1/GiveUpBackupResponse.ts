// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GiveUpBackupResponse {
  'damage'?: (string);
}

export interface GiveUpBackupResponse__Output {
  'damage': (string);
}
