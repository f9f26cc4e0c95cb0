// Original file: holdfast/vault/v1/vault_service.proto


export interface ReleaseValueResponse {
  'value'?: (Buffer | Uint8Array | string);
}

export interface ReleaseValueResponse__Output {
  'value': (Buffer);
}
