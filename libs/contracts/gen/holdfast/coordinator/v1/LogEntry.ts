// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface LogEntry {
  'number'?: (number);
  'at'?: (string);
  'kind'?: (string);
  'detailJson'?: (string);
}

export interface LogEntry__Output {
  'number': (number);
  'at': (string);
  'kind': (string);
  'detailJson': (string);
}
