// Original file: holdfast/vault/v1/vault_service.proto

import type { VaultValue as _holdfast_vault_v1_VaultValue, VaultValue__Output as _holdfast_vault_v1_VaultValue__Output } from '../../../holdfast/vault/v1/VaultValue.ts';

export interface VaultVersion {
  'snapshotId'?: (string);
  'takenAt'?: (string);
  'values'?: (_holdfast_vault_v1_VaultValue)[];
}

export interface VaultVersion__Output {
  'snapshotId': (string);
  'takenAt': (string);
  'values': (_holdfast_vault_v1_VaultValue__Output)[];
}
