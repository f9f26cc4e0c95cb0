// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface StartRestoreRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'planDigest'?: (string);
  'requestId'?: (string);
  'sourceDeployment'?: (string);
  'components'?: (string)[];
  'relocationJson'?: (string);
}

export interface StartRestoreRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'planDigest': (string);
  'requestId': (string);
  'sourceDeployment': (string);
  'components': (string)[];
  'relocationJson': (string);
}
