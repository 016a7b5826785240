#pragma once
#include <string_view>

#include "common/ids.hpp"

namespace slicebus::bundle {

/// The id that Teraslice gives a bundle: SHA-1 of the base64 text of its bytes, as 40 lower-case hex digits
/// (R-api-110). It names content; it is no protection against somebody who makes two bundles of one id.
AssetId asset_id_of(std::string_view zip);

/// 40 lower-case hex digits.
bool is_asset_id(std::string_view text);

}  // namespace slicebus::bundle
