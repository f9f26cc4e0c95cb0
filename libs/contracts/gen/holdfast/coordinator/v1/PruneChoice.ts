// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface PruneChoice {
  'backupId'?: (string);
  'kept'?: (boolean);
  'reasons'?: (string)[];
}

export interface PruneChoice__Output {
  'backupId': (string);
  'kept': (boolean);
  'reasons': (string)[];
}
