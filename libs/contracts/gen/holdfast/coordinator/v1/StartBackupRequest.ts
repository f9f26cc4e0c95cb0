// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartBackupRequest {
  'deployment'?: (string);
  'requestId'?: (string);
  'acceptChanges'?: (boolean);
  'components'?: (string)[];
  'full'?: (boolean);
  'portable'?: (boolean);
}

export interface StartBackupRequest__Output {
  'deployment': (string);
  'requestId': (string);
  'acceptChanges': (boolean);
  'components': (string)[];
  'full': (boolean);
  'portable': (boolean);
}
