// Original file: holdfast/vault/v1/vault_service.proto


export interface VaultValue {
  'file'?: (string);
  'name'?: (string);
  'fingerprint'?: (string);
}

export interface VaultValue__Output {
  'file': (string);
  'name': (string);
  'fingerprint': (string);
}
