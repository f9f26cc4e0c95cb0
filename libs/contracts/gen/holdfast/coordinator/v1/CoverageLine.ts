// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Long } from '@grpc/proto-loader';

export interface CoverageLine {
  'category'?: (string);
  'liveRecords'?: (number | string | Long);
  'backupRecords'?: (number | string | Long);
  'status'?: (string);
  'names'?: (string)[];
  'restoreImpact'?: (string);
}

export interface CoverageLine__Output {
  'category': (string);
  'liveRecords': (string);
  'backupRecords': (string);
  'status': (string);
  'names': (string)[];
  'restoreImpact': (string);
}
