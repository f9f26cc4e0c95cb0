// Original file: holdfast/verify/v1/verify_service.proto


export interface ListVerdictsRequest {
  'deployment'?: (string);
  'backupId'?: (string);
}

export interface ListVerdictsRequest__Output {
  'deployment': (string);
  'backupId': (string);
}
