// Original file: holdfast/database/v1/database_service.proto


export interface TableName {
  'schema'?: (string);
  'name'?: (string);
}

export interface TableName__Output {
  'schema': (string);
  'name': (string);
}
