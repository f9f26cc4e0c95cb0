// Original file: holdfast/database/v1/database_service.proto

import type { Table as _holdfast_database_v1_Table, Table__Output as _holdfast_database_v1_Table__Output } from '../../../holdfast/database/v1/Table.ts';
import type { Sequence as _holdfast_database_v1_Sequence, Sequence__Output as _holdfast_database_v1_Sequence__Output } from '../../../holdfast/database/v1/Sequence.ts';

export interface DescribeSnapshotResponse {
  'mark'?: (string);
  'serverVersion'?: (string);
  'tables'?: (_holdfast_database_v1_Table)[];
  'sequences'?: (_holdfast_database_v1_Sequence)[];
}

export interface DescribeSnapshotResponse__Output {
  'mark': (string);
  'serverVersion': (string);
  'tables': (_holdfast_database_v1_Table__Output)[];
  'sequences': (_holdfast_database_v1_Sequence__Output)[];
}
