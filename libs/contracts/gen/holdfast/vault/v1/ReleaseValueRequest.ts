// Original file: holdfast/vault/v1/vault_service.proto


export interface ReleaseValueRequest {
  'deployment'?: (string);
  'snapshotId'?: (string);
  'file'?: (string);
  'name'?: (string);
  'reason'?: (string);
}

export interface ReleaseValueRequest__Output {
  'deployment': (string);
  'snapshotId': (string);
  'file': (string);
  'name': (string);
  'reason': (string);
}
