// Original file: holdfast/database/v1/database_service.proto


export interface Sequence {
  'schema'?: (string);
  'name'?: (string);
  'lastValue'?: (string);
}

export interface Sequence__Output {
  'schema': (string);
  'name': (string);
  'lastValue': (string);
}
