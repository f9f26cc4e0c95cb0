// Original file: holdfast/database/v1/database_service.proto

import type { Long } from '@grpc/proto-loader';

export interface Table {
  'schema'?: (string);
  'name'?: (string);
  'rows'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'contentHash'?: (string);
}

export interface Table__Output {
  'schema': (string);
  'name': (string);
  'rows': (string);
  'bytes': (string);
  'contentHash': (string);
}
