// Original file: holdfast/vault/v1/vault_service.proto


export interface ListVersionsRequest {
  'deployment'?: (string);
}

export interface ListVersionsRequest__Output {
  'deployment': (string);
}
