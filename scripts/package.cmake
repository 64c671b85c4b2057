# Run by cpack on what it is about to pack: Debian's zsh looks for completion that packages bring in
# a folder of its own; site-functions is for what was installed by hand.
set(folder "${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}/share/zsh")
if(EXISTS "${folder}/site-functions")
    file(RENAME "${folder}/site-functions" "${folder}/vendor-completions")
endif()
