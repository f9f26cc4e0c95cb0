// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Long } from '@grpc/proto-loader';

export interface CoverageRow {
  'category'?: (string);
  'records'?: (number | string | Long);
  'covered'?: (boolean);
  'restoreImpact'?: (string);
}

export interface CoverageRow__Output {
  'category': (string);
  'records': (string);
  'covered': (boolean);
  'restoreImpact': (string);
}
