// Original file: holdfast/component/v1/component_service.proto

import type { Purpose as _holdfast_component_v1_Purpose, Purpose__Output as _holdfast_component_v1_Purpose__Output } from '../../../holdfast/component/v1/Purpose.ts';

export interface PreflightRequest {
  'deployment'?: (string);
  'specVersion'?: (number);
  'purpose'?: (_holdfast_component_v1_Purpose);
  'snapshotId'?: (string);
  'snapshotDigest'?: (string);
  'snapshotDeployment'?: (string);
  'relocationJson'?: (string);
}

export interface PreflightRequest__Output {
  'deployment': (string);
  'specVersion': (number);
  'purpose': (_holdfast_component_v1_Purpose__Output);
  'snapshotId': (string);
  'snapshotDigest': (string);
  'snapshotDeployment': (string);
  'relocationJson': (string);
}
