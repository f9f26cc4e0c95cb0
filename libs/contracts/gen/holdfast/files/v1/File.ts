// Original file: holdfast/files/v1/file_service.proto

import type { Long } from '@grpc/proto-loader';

export interface File {
  'root'?: (string);
  'path'?: (string);
  'kind'?: (string);
  'bytes'?: (number | string | Long);
  'mode'?: (number);
  'modifiedAt'?: (string);
  'sha256'?: (string);
}

export interface File__Output {
  'root': (string);
  'path': (string);
  'kind': (string);
  'bytes': (string);
  'mode': (number);
  'modifiedAt': (string);
  'sha256': (string);
}
