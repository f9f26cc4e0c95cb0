// Original file: holdfast/database/v1/database_service.proto

import type { TableName as _holdfast_database_v1_TableName, TableName__Output as _holdfast_database_v1_TableName__Output } from '../../../holdfast/database/v1/TableName.ts';
import type { Long } from '@grpc/proto-loader';

export interface Table {
  'schema'?: (string);
  'name'?: (string);
  'rows'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'contentHash'?: (string);
  'references'?: (_holdfast_database_v1_TableName)[];
  'leftOut'?: (boolean);
}

export interface Table__Output {
  'schema': (string);
  'name': (string);
  'rows': (string);
  'bytes': (string);
  'contentHash': (string);
  'references': (_holdfast_database_v1_TableName__Output)[];
  'leftOut': (boolean);
}
