// Original file: holdfast/vault/v1/vault_service.proto

import type { VaultVersion as _holdfast_vault_v1_VaultVersion, VaultVersion__Output as _holdfast_vault_v1_VaultVersion__Output } from '../../../holdfast/vault/v1/VaultVersion.ts';

export interface ListVersionsResponse {
  'versions'?: (_holdfast_vault_v1_VaultVersion)[];
}

export interface ListVersionsResponse__Output {
  'versions': (_holdfast_vault_v1_VaultVersion__Output)[];
}
