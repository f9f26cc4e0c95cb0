// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { CoverageRow as _holdfast_coordinator_v1_CoverageRow, CoverageRow__Output as _holdfast_coordinator_v1_CoverageRow__Output } from '../../../holdfast/coordinator/v1/CoverageRow.ts';

export interface Backup {
  'backupId'?: (string);
  'deployment'?: (string);
  'mark'?: (string);
  'committedAt'?: (string);
  'completeness'?: (string);
  'manifestJson'?: (string);
  'coverage'?: (_holdfast_coordinator_v1_CoverageRow)[];
  'components'?: (string)[];
  'heldBecause'?: (string);
}

export interface Backup__Output {
  'backupId': (string);
  'deployment': (string);
  'mark': (string);
  'committedAt': (string);
  'completeness': (string);
  'manifestJson': (string);
  'coverage': (_holdfast_coordinator_v1_CoverageRow__Output)[];
  'components': (string)[];
  'heldBecause': (string);
}
