// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartVerifyRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'level'?: (number);
  'requestId'?: (string);
  'second'?: (boolean);
}

export interface StartVerifyRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'level': (number);
  'requestId': (string);
  'second': (boolean);
}
