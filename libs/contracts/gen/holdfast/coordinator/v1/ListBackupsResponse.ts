// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Backup as _holdfast_coordinator_v1_Backup, Backup__Output as _holdfast_coordinator_v1_Backup__Output } from '../../../holdfast/coordinator/v1/Backup.ts';

export interface ListBackupsResponse {
  'backups'?: (_holdfast_coordinator_v1_Backup)[];
  'nextPageToken'?: (string);
}

export interface ListBackupsResponse__Output {
  'backups': (_holdfast_coordinator_v1_Backup__Output)[];
  'nextPageToken': (string);
}
